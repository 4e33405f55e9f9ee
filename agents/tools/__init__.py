"""What a brain can do for a person: one set of tools, whoever wields them."""
