/* Says to which number of processors the affinity of the first thread comes when libdispatch counts them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set) {
    int (*real)(pthread_t, size_t, cpu_set_t *) = dlsym(RTLD_NEXT, "pthread_getaffinity_np");
    int result = real(thread, size, set);
    fprintf(stderr, "processors counted: %d\n", CPU_COUNT_S(size, set));
    return result;
}
