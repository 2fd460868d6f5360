"""Everything stateful: the virtual-actor host and the kinds of actors it holds."""
