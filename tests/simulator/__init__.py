"""The tests of the simulator itself."""
