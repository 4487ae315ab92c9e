"""Latent spaces: POD, autoencoders, their training, and how one is chosen."""
