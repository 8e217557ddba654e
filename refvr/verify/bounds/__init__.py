"""How much may float32 differ? Measured noise, running error bounds, and the arithmetic of one value."""
