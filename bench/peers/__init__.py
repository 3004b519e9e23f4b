"""What Relais is measured against: each file is one peer, as short and as fast as its own documentation would have it."""
