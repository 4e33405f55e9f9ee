"""What the shipped agent keeps, and how."""
