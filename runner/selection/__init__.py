"""Selection: which workflows there are, and which runs of them are wanted. Sends nothing."""
