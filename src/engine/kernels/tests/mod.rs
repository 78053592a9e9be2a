mod attention;
mod conv;
mod entropy;
mod norm;
mod tokens;
