import Basics
import Testing

@testable import HTTPServer

@Suite struct FairQueueTests {
    @Test("one address's work is first come, first served")
    func order() {
        var queue = FairQueue<Int>(quantum: 1_000_000)
        #expect(queue.next() == nil)
        for number in 0..<5 { queue.append(number, address: 7) }
        var taken: [Int] = []
        while let number = queue.next() {
            taken.append(number)
            queue.charge(3_000_000)
        }
        #expect(taken == [0, 1, 2, 3, 4])
        #expect(queue.isEmpty)
    }

    @Test("an address with a hundred connections gets one address's share of the time")
    func shares() {
        var queue = FairQueue<UInt64>(quantum: 500_000)
        for _ in 0..<100 { queue.append(1, address: 1) }
        queue.append(2, address: 2)
        var used: [UInt64: Int64] = [:]
        for _ in 0..<2_000 {
            guard let address = queue.next() else { break }
            // The crowd's steps are short, the single client's long.
            let cost: Int64 = address == 1 ? 300_000 : 2_000_000
            used[address, default: 0] += cost
            queue.append(address, address: address)
            queue.charge(cost)
        }
        let share = Double(used[1] ?? 0) / Double(used[2] ?? 1)
        #expect(share > 0.95 && share < 1.05, "\(used)")
    }

    @Test("what one address owes is no address's gain when it is alone")
    func alone() {
        var queue = FairQueue<Int>(quantum: 1_000)
        queue.append(1, address: 1)
        #expect(queue.next() == 1)
        queue.append(2, address: 1)
        // Without a rule for this, a debt of an hour would be a loop of three billion rounds.
        queue.charge(3_600_000_000_000)
        #expect(queue.next() == 2)
    }

    /// Against a model that scans lists: nothing is lost or made up, each address's order is kept, and while two addresses both have
    /// work their times differ by no more than a quantum and the longest step each.
    @Test("model", arguments: 1...40 as ClosedRange<UInt64>)
    func model(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let quantum = Int64.random(in: 1_000...1_000_000, using: &random)
        var queue = FairQueue<Int>(quantum: quantum)
        var waiting: [UInt64: [Int]] = [:]
        /// Since both of a pair have had work without a break.
        var used: [UInt64: Int64] = [:]
        var number = 0
        let longest: Int64 = 3_000_000
        func append() {
            let address = UInt64.random(in: 1...6, using: &random)
            number += 1
            if waiting[address, default: []].isEmpty {
                // A newcomer: from here on all are compared anew.
                used = [:]
            }
            waiting[address, default: []].append(number)
            queue.append(number, address: address)
        }
        for _ in 0..<3_000 {
            if Int.random(in: 0..<3, using: &random) == 0 {
                append()
                #expect(queue.count == waiting.values.reduce(0) { $0 + $1.count })
                continue
            }
            guard let taken = queue.next() else {
                #expect(waiting.values.allSatisfy { $0.isEmpty })
                continue
            }
            guard let address = waiting.first(where: { $0.value.first == taken })?.key else {
                Issue.record("\(taken) was not the first of any address")
                return
            }
            waiting[address]?.removeFirst()
            let cost = Int64.random(in: 1_000...longest, using: &random)
            used[address, default: 0] += cost
            // Half of the work goes on.
            if Bool.random(using: &random) {
                waiting[address]?.append(taken)
                queue.append(taken, address: address)
            }
            queue.charge(cost)
            if waiting[address]?.isEmpty == true { used = [:] }
            let times = waiting.filter { !$0.value.isEmpty }.keys.map { used[$0, default: 0] }
            if let least = times.min(), let most = times.max() {
                #expect(most - least <= 2 * (quantum + longest), "\(used), quantum \(quantum)")
            }
        }
        while let taken = queue.next() {
            let address = waiting.first { $0.value.first == taken }?.key
            #expect(address != nil)
            if let address { waiting[address]?.removeFirst() }
            queue.charge(0)
        }
        #expect(waiting.values.allSatisfy { $0.isEmpty })
    }

    @Test("a queue in an array gives back what was put in, whatever the rhythm")
    func fifo() {
        var random = SplitMix64(seed: 3)
        var queue = FIFOQueue<Int>()
        var (put, taken) = (0, 0)
        for round in 0..<50 {
            for _ in 0..<Int.random(in: 0...400, using: &random) {
                put += 1
                queue.append(put)
            }
            let wanted = round == 49 ? put - taken : Int.random(in: 0...400, using: &random)
            for _ in 0..<wanted {
                guard let number = queue.popFirst() else { break }
                taken += 1
                #expect(number == taken)
            }
            #expect(queue.count == put - taken)
        }
        #expect(queue.isEmpty && queue.first == nil)
    }
}
