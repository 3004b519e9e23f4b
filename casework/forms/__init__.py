"""Forms: what a procedure asks, what an answer must be, and what a rule sees. PURE: no clock, no file, no network."""
