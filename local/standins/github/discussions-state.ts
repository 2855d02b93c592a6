/** The discussions of a repository. */
export interface DiscussionsState {
  categories: Category[];
  /** Oldest first. */
  discussions: Discussion[];
}

export interface Category {
  id: string;
  slug: string;
  name: string;
  description: string;
  isAnswerable: boolean;
}

export interface Discussion {
  id: string;
  number: number;
  title: string;
  body: string;
  author: string;
  /** Slug. */
  category: string;
  closed: boolean;
  /** Id of a comment. */
  answer: string | null;
  comments: DiscussionComment[];
  createdAt: string;
  updatedAt: string;
}

export interface DiscussionComment {
  id: string;
  author: string;
  body: string;
  createdAt: string;
  replies: Omit<DiscussionComment, "replies">[];
}

/** What the repositories have from the start, by full name. */
export function seedDiscussions(): Record<string, DiscussionsState> {
  const categories: Category[] = [
    { id: "DIC_1", slug: "announcements", name: "Announcements", description: "News", isAnswerable: false },
    { id: "DIC_2", slug: "q-a", name: "Q&A", description: "Ask the orchard", isAnswerable: true },
    { id: "DIC_3", slug: "ideas", name: "Ideas", description: "", isAnswerable: false },
  ];
  const discussions = Array.from({ length: 7 }, (_, index): Discussion => {
    const number = 201 + index;
    const at = (hour: number) => `2026-02-0${index + 1}T${10 + hour}:00:00Z`;
    const isQuestion = index % 2 === 0;
    const comments = Array.from({ length: index }, (_, nth): DiscussionComment => {
      const id = `DC_${number}_${nth + 1}`;
      const reply = { id: `${id}_1`, author: "ada", body: "Thank you.", createdAt: at(nth) };
      return {
        id,
        author: "grace",
        body: `Answer ${nth + 1} 🍏`,
        createdAt: at(nth),
        replies: nth === 0 ? [reply] : [],
      };
    });
    return {
      ...{ id: `D_${number}`, number, title: `How many apples has row ${index}?`, author: "ada" },
      ...{ body: "Counting 果樹園 🍎.\n".repeat(index === 6 ? 3000 : 1), category: isQuestion ? "q-a" : "ideas" },
      ...{ closed: index === 1, answer: isQuestion && index > 3 ? comments[1]!.id : null, comments },
      ...{ createdAt: at(0), updatedAt: at(index) },
    };
  });
  return { "ada/orchard": { categories, discussions } };
}
