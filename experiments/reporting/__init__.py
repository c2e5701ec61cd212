"""The page about runs: what is read from their folders, what is made of it, and the template that shows it."""
