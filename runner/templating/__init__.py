"""Templates and expressions: text to values. Only this folder imports Jinja2, and the HTML report for its page; nothing here knows a step or a request.

Three rules keep it fast. A text without `{{` or `{%` is never handed to Jinja. A text that only names variables
(`Bearer {{ token }}`) is rendered by `values.py`, so that a short run need not import Jinja at all. What is compiled is
kept by its text for the whole process.
"""
