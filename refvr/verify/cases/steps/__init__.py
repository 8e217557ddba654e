"""Optimiser steps as the authors of a network take them, for cases of training; `refvr train` has a loop of its own."""
