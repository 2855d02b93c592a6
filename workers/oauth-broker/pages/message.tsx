import { Layout } from "./layout.tsx";

/** Something that went wrong, or that a person has to know, with a way on. */
export function MessagePage({
  title,
  text,
  next,
}: {
  title: string;
  text: string;
  next?: { href: string; label: string };
}) {
  return (
    <Layout title={title}>
      <p>{text}</p>
      {next && (
        <p>
          <a href={next.href}>{next.label}</a>
        </p>
      )}
    </Layout>
  );
}
