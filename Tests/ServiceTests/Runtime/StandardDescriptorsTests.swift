import Glibc
import Testing

@testable import Service

@Suite struct StandardDescriptorsTests {
    @Test("closed descriptors are opened on /dev/null: input for reading, output and error for writing")
    func closed() async {
        await #expect(processExitsWith: .exitCode(7)) {
            for number in STDIN_FILENO...STDERR_FILENO { close(number) }
            StandardDescriptors.fill()
            var byte: UInt8 = 0
            guard read(STDIN_FILENO, &byte, 1) == 0 else { exit(1) }
            guard write(STDOUT_FILENO, &byte, 1) == 1, write(STDERR_FILENO, &byte, 1) == 1 else { exit(2) }
            exit(open("/", O_RDONLY) > STDERR_FILENO ? 7 : 3)
        }
    }

    @Test("a descriptor that is open stays what it is")
    func keepsOpen() async {
        await #expect(processExitsWith: .exitCode(7)) {
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0, dup2(ends[1], STDERR_FILENO) == STDERR_FILENO else { exit(1) }
            close(STDOUT_FILENO)
            StandardDescriptors.fill()
            var byte: UInt8 = 42
            guard write(STDERR_FILENO, &byte, 1) == 1 else { exit(2) }
            byte = 0
            exit(read(ends[0], &byte, 1) == 1 && byte == 42 ? 7 : 3)
        }
    }

    @Test("without /dev/null the numbers are taken all the same, and writing fails")
    func noDevice() async {
        await #expect(processExitsWith: .exitCode(7)) {
            for number in STDIN_FILENO...STDERR_FILENO { close(number) }
            StandardDescriptors.fill(with: "/nonexistent/null")
            var byte: UInt8 = 0
            guard write(STDERR_FILENO, &byte, 1) == -1 else { exit(1) }
            exit(open("/", O_RDONLY) > STDERR_FILENO ? 7 : 3)
        }
    }
}
