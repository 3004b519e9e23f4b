"""What Relais is measured against: each file is one peer, short and fast, as its own documentation would have it."""
