"""Templates and expressions: text to values. Only this folder and the page of the HTML report import Jinja2.

Three rules keep it fast. A text without `{{` or `{%` is never handed to Jinja. A text that only names variables
(`Bearer {{ token }}`) is rendered by `values.py`, so that a short run need not import Jinja at all. What is compiled is
kept by its text for the whole process.
"""
