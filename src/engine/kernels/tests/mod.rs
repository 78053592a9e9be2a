mod conv;
mod norm;
mod tokens;
