"""The command line, one file per verb: it parses, calls one public function and prints."""
