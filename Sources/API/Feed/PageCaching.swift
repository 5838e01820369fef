import Basics
import Feed
import HTTPSemantics
import HTTPServer

/// Decides how long caches may keep a page of changes (RFC 9111).
///
/// A page after a position that leads on to another one is closed. Whatever changes later comes after its `next`, so a copy of it stays right
/// for good, although the same request would now find other changes. Such a page says nothing of the present: neither lag nor state.
///
/// Every other page is live: it ends at the newest change, or begins where everybody begins. A cache may give it to those who wait for the
/// same page and for `FeedLimits.livePageAge` after; never stale, or a reader that follows `next` would read the same page without a pause.
///
/// Which removals a page with `where` has depends on the items that its reader holds. A copy may be older than the page that the reader had
/// before it, so it would lack the removal of a key that changed between the two, and had left the filter before. Steps tell by themselves
/// what they did to the filter.
///
/// Where tokens are asked for, pages are kept by nobody: what a token may see, and for how long, only this service knows.
struct PageCaching: Sendable {
    /// How long a page stays right.
    enum Life: Sendable, Hashable {
        /// No cache may keep it.
        case unstored
        case live
        case closed
    }

    /// Nil where no page may be kept.
    private let closedAge: Duration?
    private let beginsAtPosition: Bool
    private let tag: ClosedPageTag
    /// The tag of a closed page that the client, or a cache, has.
    private let held: String?

    /// `isPublic` says that everybody may read what the service has.
    init(
        of call: APICall,
        _ parameters: QueryParameters,
        _ feed: FeedRequest,
        cursor: ListCursor? = nil,
        limits: FeedLimits,
        isPublic: Bool
    ) {
        // They stand for a person, whatever they are worth here: a proxy may have asked for them (RFC 9111 section 3.5).
        let isPersonal =
            parameters["ticket"] != nil || call.request.header("authorization") != nil
            || call.request.header("cookie") != nil
        let isFiltered = parameters["where"] != nil && feed.mode != .all
        // In HTTP/1.0 a page that was cut off looks complete.
        let isKept = isPublic && !isPersonal && !isFiltered && call.request.minorVersion >= 1
        closedAge = isKept ? limits.closedPageAge : nil
        if case .position = feed.start { beginsAtPosition = true } else { beginsAtPosition = cursor != nil }
        tag = ClosedPageTag(query: call.request.rawQuery ?? "")
        held = closedAge == nil ? nil : call.header(.ifNoneMatch).flatMap(tag.held(in:))
    }

    /// How long the page stays right. `leadsOn` says that it tells something and that its `more` is true.
    func life(leadsOn: Bool) -> Life {
        guard closedAge != nil else { return .unstored }
        return leadsOn && beginsAtPosition ? .closed : .live
    }

    /// The response in place of a closed page where the client, or a cache, has a copy; nil where it has none.
    func notModified(_ life: Life) -> HTTPResponse? {
        guard life == .closed, let held else { return nil }
        var fields = HTTPFields()
        add(to: &fields, life)
        fields.add("ETag", held)
        return HTTPResponse(status: 304, fields: fields)
    }

    /// Adds all that caches go by.
    func add(to fields: inout HTTPFields, _ life: Life, entityTag: Bool = false) {
        switch life {
        case .unstored: fields.add("Cache-Control", "no-store")
        case .live:
            // Varnish would hand a page out for ten more seconds while it asks for the next one.
            fields.add(
                "Cache-Control",
                "public, max-age=\(FeedLimits.livePageAge.wholeSeconds), stale-while-revalidate=0"
            )
        case .closed:
            fields.add("Cache-Control", "public, max-age=\((closedAge ?? .zero).wholeSeconds), immutable")
            if entityTag { fields.add("ETag", tag.make()) }
        }
        fields.add("Vary", "Accept, Accept-Encoding, Prefer")
    }
}
