import Dispatch
import Testing

@testable import DynamoDBClient

@Suite struct FileQueueTests {
    @Test("volumes that hang hold up no thread that tasks share", .timeLimit(.minutes(1)))
    func hanging() async throws {
        let gate = DispatchSemaphore(value: 0)
        // More than the threads that tasks share, which are as many as the processors.
        let count = 40
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask { try? await FileQueue().run { () throws(DynamoDBError) in gate.wait() } }
            }
            // Runs only while a shared thread is free.
            group.addTask { for _ in 0..<count { gate.signal() } }
        }
    }

    @Test("the value and the error of the work come back")
    func results() async throws {
        #expect(try await FileQueue().run { () throws(DynamoDBError) in 7 } == 7)
        let error = await #expect(throws: DynamoDBError.self) {
            try await FileQueue().run { () throws(DynamoDBError) -> Int in throw DynamoDBError.noCredentials }
        }
        #expect(error == .noCredentials)
    }
}
