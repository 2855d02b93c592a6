import { Layout } from "./layout.tsx";

const OWN_PAGE = { href: "/", label: "Your own page" };

/** Something that went wrong, or that a person has to know, with a way on. */
export function MessagePage({
  title,
  text,
  next = OWN_PAGE,
}: {
  title: string;
  text: string;
  next?: { href: string; label: string };
}) {
  return (
    <Layout title={title}>
      <p>{text}</p>
      <p>
        <a href={next.href}>{next.label}</a>
      </p>
    </Layout>
  );
}
