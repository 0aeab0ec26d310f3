"""Trained networks as TensorFlow SavedModels, which need nothing but TensorFlow to be used."""
