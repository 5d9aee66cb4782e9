"""The public conformance kit and the fakes that go with it."""
