import Testing

@testable import DynamoSandbox

@Suite struct OrderedMapTests {
    @Test("agrees with a sorted dictionary through thousands of changes")
    func agreesWithModel() {
        var map = OrderedMap<Int, Int>()
        var model: [Int: Int] = [:]
        var state: UInt64 = 7
        for step in 0..<6_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let key = Int(state >> 40) % 2_000
            if state >> 32 & 3 == 0 {
                #expect(map.remove(key) == model.removeValue(forKey: key))
            } else {
                #expect(map.set(key, step) == model.updateValue(step, forKey: key))
            }
        }
        var found: [Int] = []
        var cursor = map.start
        while cursor < map.end {
            #expect(model[map[cursor].key] == map[cursor].value)
            found.append(map[cursor].key)
            cursor = map.after(cursor)
        }
        #expect(found == model.keys.sorted())
        #expect(map.count == model.count)
    }

    @Test("bounds stand before and after a key, present or not, and walk backwards")
    func bounds() {
        var map = OrderedMap<Int, String>()
        for key in stride(from: 0, to: 2_000, by: 2) { map.set(key, "\(key)") }
        #expect(map[map.lowerBound(500)].key == 500)
        #expect(map[map.upperBound(500)].key == 502)
        #expect(map[map.lowerBound(501)].key == 502)
        #expect(map.lowerBound(1_999) == map.end)
        var cursor = map.end
        var backwards: [Int] = []
        while cursor > map.start {
            cursor = map.before(cursor)
            backwards.append(map[cursor].key)
        }
        #expect(backwards == stride(from: 1_998, through: 0, by: -2).map { $0 })
        #expect(map[500] == "500")
        #expect(map[501] == nil)
    }
}
