//! Secrets of tokens.
