"""The library behind the course: algorithms to read, data that ship with it, explorers to drag.

Importing `course_lib` loads nothing heavy; each lesson imports the modules that it needs.
"""

__version__ = "0.1.0"
