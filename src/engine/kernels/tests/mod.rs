mod conv;
mod norm;
