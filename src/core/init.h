/* init: what the libraries underneath must be told once, before anything else of headflow is called.
 *
 * GSL's error handler aborts; it is turned off. Training nests two levels of OpenMP threads, seeds and samples.
 *
 * OpenBLAS, when it is loaded, starts a pool of threads that spin for some 25 to 50 ms before they sleep, and makes products
 * with all of them, which gives other bits than one thread and is slower at the sizes of headflow. A program that calls
 * hf_init has an empty function in place of the one that starts the pool, and every product is made by the thread that asks
 * for it. */
#ifndef HF_CORE_INIT_H
#define HF_CORE_INIT_H

/* Sets the process up. Calling it again is legal. It changes the whole process: meant for programs of their own. */
void hf_init(void);

#endif
