begin / / { a(); }
