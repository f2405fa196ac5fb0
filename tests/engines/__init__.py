"""The shipped definitions on the real engines: Icinga 2 and Nagios run the real plugins, and pages are counted."""
