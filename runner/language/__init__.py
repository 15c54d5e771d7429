"""From text to a Document: strict YAML with places, the structs that define the language, the files a document names."""
