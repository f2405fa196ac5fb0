"""The interfaces that people use with Icinga 2, for real: Director, and what becomes of the performance data."""
