"""What is merely bad in a workflow that is valid: rules over plans. Sends nothing; knows no engine."""
