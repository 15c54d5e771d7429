"""Selection: finds workflows, and selects the runs to perform. Sends nothing."""
