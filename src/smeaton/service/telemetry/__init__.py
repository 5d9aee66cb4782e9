"""What a service tells about itself: metrics, trace context, logs, and spans where the operator asks for them."""
