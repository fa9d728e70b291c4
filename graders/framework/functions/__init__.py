"""Labs of plain functions: the student's file is imported, and its functions are called with arrays and numbers."""
