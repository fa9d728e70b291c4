"""The corpus that the suite is judged by: submissions told as changes to the reference, and what each must cost."""
