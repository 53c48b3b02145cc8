"""Pieces of pictures as SVG text."""
import html

INK, PALE = "#222", "#bbb"


def text(x, y, words, anchor="start", size=12, color=INK, weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{color}" '
            f'font-weight="{weight}">{html.escape(words)}</text>')


def line(x1, y1, x2, y2, color, width=1, dash=""):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" stroke-width="{width}" '
            f'stroke-dasharray="{dash}"/>')


def rectangle(x, y, width, height, color):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}" fill="{color}"/>'


def dot(x, y, color, title, hollow=False):
    look = (f'fill="white" stroke="{color}" stroke-width="1.5"' if hollow else
            f'fill="{color}" stroke="white" stroke-width="0.5"')
    return (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill-opacity="0.75" {look}>'
            f'<title>{html.escape(title)}</title></circle>')


def document(width, height, parts):
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">',
                      '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>"]) + "\n"
