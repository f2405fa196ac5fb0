"""What tests of all kinds share: runs of the plugins, what they print, recorded answers, servers that only listen."""
