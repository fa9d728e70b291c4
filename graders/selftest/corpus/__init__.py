"""The corpus that the suite is tested with: changes to the reference, and what each must cost."""
