"""The doctor: one check for each hop of the chain. Nobody lives here yet."""
