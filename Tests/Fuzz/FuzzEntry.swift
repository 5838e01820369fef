import Glibc

/// The target that this process runs, by the variable TABLECAST_FUZZ_TARGET.
private let chosen: any FuzzTarget = {
    let name = getenv("TABLECAST_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let make = fuzzTargets[name] else {
        fatalError("TABLECAST_FUZZ_TARGET is '\(name)'; there are \(fuzzTargets.keys.sorted().joined(separator: ", "))")
    }
    return make()
}()

/// What libFuzzer calls for each input (https://llvm.org/docs/LibFuzzer.html).
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    // A copy of its own size, so that reading behind the end is found.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
    defer { copy.deallocate() }
    copy.copyMemory(from: UnsafeRawBufferPointer(start: data, count: size))
    chosen.run(UnsafeRawBufferPointer(copy))
    return 0
}
