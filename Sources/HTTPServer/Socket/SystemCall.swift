import Glibc

/// How a system call ended.
enum SystemCallResult {
    case done(Int)
    /// EAGAIN: not now.
    case wouldBlock
    /// The error number.
    case failed(Int32)
}

/// Runs a system call that returns -1 on failure: repeats it on EINTR, tells EAGAIN apart, and reads `errno` before
/// anything else can change it.
@inline(__always)
func systemCall<Result: FixedWidthInteger>(_ call: () -> Result) -> SystemCallResult {
    while true {
        let result = call()
        let code = errno
        if result >= 0 { return .done(Int(result)) }
        if code == EINTR { continue }
        return code == EAGAIN ? .wouldBlock : .failed(code)
    }
}

/// The same for calls that cannot block: the result, or the error number.
@inline(__always)
func systemCallOrError<Result: FixedWidthInteger>(_ call: () -> Result) throws(SystemCallError) -> Int {
    switch systemCall(call) {
    case .done(let result): return result
    case .wouldBlock: throw SystemCallError(code: EAGAIN)
    case .failed(let code): throw SystemCallError(code: code)
    }
}

/// A failed system call.
struct SystemCallError: Error, Equatable {
    let code: Int32
    /// The C library's name for it.
    var text: String { String(cString: strerror(code)) }
}

/// Closes a descriptor. Never repeated, since Linux frees the number even when close fails with EINTR.
func closeDescriptor(_ descriptor: Int32) {
    _ = close(descriptor)
}
