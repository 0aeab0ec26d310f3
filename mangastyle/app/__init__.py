"""The studio in the browser: a server on one's own machine, and the page that it serves.

The drawing state lives in the page. The server holds pictures and calls the public Python API; `protocol` has its limits, `server` its
addresses. Nothing here loads TensorFlow before `models` does, in the thread that computes.
"""
