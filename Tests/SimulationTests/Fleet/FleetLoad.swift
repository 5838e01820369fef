import Feed
import ItemQuery
import ReplicaStore
import Simulation
import TableModel

@testable import API

/// A first load: pages in the order of the keys, each from any process, and the cursor between them.
struct FleetLoad {
    /// The text that leads to the next page; nil before the first one is there.
    var cursor: String?
    /// The page that is being read, which a broken connection takes away.
    var page: LoadPage?
    /// The process of the last page, and whether another one gave pages too.
    var source: Int?
    var isMixed = false

    static let query = Array("the query of the load".utf8)
}

extension FleetClient {
    /// Reads a step of a page, from `target` unless a page has begun elsewhere.
    func readLoad(from target: any FleetNode) {
        var node = target
        if load?.page != nil, let replica, replica.process == process, replica.store.snapshot != nil, !random.chance(10)
        {
            node = replica
        } else {
            (replica, process) = (target, target.process)
            let page = page(after: load?.cursor)
            load?.page = page
        }
        guard let snapshot = node.store.snapshot, load?.page?.read(in: snapshot) == .complete else { return }
        guard let page = load?.page else { return }
        load?.page = nil
        // The connection may break before the page is there: it is read again.
        if !random.chance(8) { take(page, from: node, snapshot.position) }
    }

    /// Reads all that is left, when nothing goes wrong any more.
    func finishLoad(from target: any FleetNode) {
        while load != nil, target.store.snapshot != nil { readLoad(from: target) }
    }

    private var itemFilter: ItemFilter { (try? kind.filter.filter?.resolve(FleetTable.schema)) ?? ItemFilter() }

    private func page(after text: String?) -> LoadPage? {
        let filter = itemFilter
        var cursor: ListCursor?
        if let text {
            cursor = try? ListCursor(text, query: FleetLoad.query, within: filter.keys, parameter: "since")
            if cursor == nil { accuse("the cursor \(text) is not accepted") }
        }
        var feed = FeedRequest()
        feed.limit = random.within(1...4)
        var limits = APILimits()
        limits.stepRecords = random.within(1...3)
        limits.pageRecords = random.within(1...8)
        return LoadPage(feed, filter: filter, cursor: cursor, limits: FeedLimits(), apiLimits: limits)
    }

    private func take(_ read: LoadPage, from node: any FleetNode, _ asOf: Position) {
        var page = read
        for event in FleetEvent.parse(page: page.takeChanges()) { change(event) }
        if let source = load?.source, source != node.number { load?.isMixed = true }
        load?.source = node.number
        tell("read a page of \(node.number) at \(asOf), since \(page.start?.description ?? "nowhere")")
        let start = mutation == .cursorForgetsStart ? asOf : page.start
        guard let start else { return accuse("a page has no start") }
        if let cursor = page.cursor {
            load?.cursor = ListCursor(lastKey: cursor.lastKey, start: start).text(query: FleetLoad.query)
            return
        }
        counts.loads += 1
        if load?.isMixed == true { counts.mixedLoads += 1 }
        load = nil
        isReady = true
        lastID = start.description
    }
}
