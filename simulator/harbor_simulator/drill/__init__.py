"""The fire drill: the simulator stands in for one Harbor of a real Icinga 2 or Nagios, fails, and sees who is paged."""
