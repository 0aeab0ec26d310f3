"""Packages and their data; all else is in setup.cfg.

The weights lie at the top level of the repository, and are installed as the package's data, `mangastyle/weights`.
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["mangastyle*"]), "mangastyle.weights"],
    package_dir={"mangastyle.weights": "weights"},
    package_data={"mangastyle": ["py.typed", "*.pyi"], "mangastyle.app": ["page/**"], "mangastyle.weights": ["*"]},
)
