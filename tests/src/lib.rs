//! End-to-end tests: goldens of the command line, hostile guests, the rules of the house
