"""Linear encoders whose latents obey equations of few terms."""
