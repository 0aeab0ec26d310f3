"""First stage: pictures to line art. `sketch` needs no TensorFlow; `graph` has the same inside a TensorFlow graph."""
