mod one_step;
