/// Refuses expressions whose paths touch each other.
enum PathOverlap {
    static func check(_ paths: [DocumentPath], in context: ExpressionContext) throws(SandboxError) {
        for (index, second) in paths.enumerated() {
            for first in paths[..<index] {
                if first.overlaps(second) {
                    throw context.error(
                        "Two document paths overlap with each other; must remove or rewrite one of these paths; "
                            + "path one: \(first), path two: \(second)"
                    )
                }
                if first.conflicts(with: second) {
                    throw context.error(
                        "Two document paths conflict with each other; must remove or rewrite one of these paths; "
                            + "path one: \(first), path two: \(second)"
                    )
                }
            }
        }
    }
}
