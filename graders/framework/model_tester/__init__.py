"""Labs of the course's ModelTester classes: driving a class, measuring its file and predictions."""
