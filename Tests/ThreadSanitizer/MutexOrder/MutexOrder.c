// Tells ThreadSanitizer what orders the owners of a contended `Synchronization.Mutex`.
//
// The uncontended lock and unlock are inlined into our code, where the sanitizer sees their atomic operations. The contended ones are in
// libswiftSynchronization, which is not instrumented: the kernel hands the futex over, the sanitizer sees no order, and calls each
// contended `withLock` a race. These two stand in front of the library's functions (the program's own symbols come first) and say what
// those do: unlocking releases, having locked acquires. Nothing is suppressed: races that a lock does not order are still found.
// `check` proves both, with a toolchain that needs this.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT_CALL __attribute__((swiftcall))
#define SWIFT_SELF __attribute__((swift_context))

void __tsan_acquire(void *address);
void __tsan_release(void *address);

SWIFT_CALL void mutex_lock_slow(uint32_t thread, SWIFT_SELF void *mutex) __asm__(LOCK_SLOW);
SWIFT_CALL void mutex_unlock_slow(SWIFT_SELF void *mutex) __asm__(UNLOCK_SLOW);

SWIFT_CALL void mutex_lock_slow(uint32_t thread, SWIFT_SELF void *mutex) {
    SWIFT_CALL void (*lock)(uint32_t, SWIFT_SELF void *) =
        (SWIFT_CALL void (*)(uint32_t, SWIFT_SELF void *))dlsym(RTLD_NEXT, LOCK_SLOW);
    lock(thread, mutex);
    __tsan_acquire(mutex);
}

SWIFT_CALL void mutex_unlock_slow(SWIFT_SELF void *mutex) {
    SWIFT_CALL void (*unlock)(SWIFT_SELF void *) = (SWIFT_CALL void (*)(SWIFT_SELF void *))dlsym(RTLD_NEXT, UNLOCK_SLOW);
    __tsan_release(mutex);
    unlock(mutex);
}
