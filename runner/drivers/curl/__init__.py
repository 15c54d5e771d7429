"""The `curl` driver: libcurl through pycurl, many exchanges at once on one thread."""
